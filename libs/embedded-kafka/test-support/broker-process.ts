import { startKafkaBroker, type KafkaBrokerOptions } from '../src/index.js';

// A broker with any options, for tests that kill it: `node broker-process.js '{"dataDir":"…"}'`.
const options = JSON.parse(process.argv[2]!) as KafkaBrokerOptions;
const broker = await startKafkaBroker({ ...options, log: (line) => process.stderr.write(`${line}\n`) });
process.once('SIGTERM', () => void broker.close().then(() => process.exit(0)));
process.stdout.write(`${broker.port}\n`);
