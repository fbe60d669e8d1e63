// The system runs as it was compiled.
import { build } from '../../apps/stack/build.mjs';

export default async function compile() {
  build();
  if (process.env.ORDERBRIDGE_BACKENDS !== 'real') return;
  const { kafkaPrograms, requirePrograms, resolveKafkaClasspath } = await import(
    new URL('../../dist/libs/apache-kafka/src/index.js', import.meta.url)
  );
  requirePrograms(kafkaPrograms);
  // Asked of Maven once, and not at each start of a broker; inherited by all that is started from here.
  process.env.APACHE_KAFKA_JARS = (await resolveKafkaClasspath()).jars;
}
