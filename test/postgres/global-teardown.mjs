export default async function stop() {
  await globalThis.postgresOfTests?.stop();
}
