import { readOptions, USAGE } from './options.js';
import { ReconcileClient } from './reconcile-client.js';
import { reconcile } from './reconcile.js';
import { leftOpen, reportTable } from './report-table.js';

try {
  const { help, all, services, ...waiting } = readOptions(process.argv.slice(2));
  if (help) process.stdout.write(USAGE);
  else {
    const clients = services.map(({ name, url }) => new ReconcileClient(name, url));
    const reports = await reconcile(clients, all, waiting, (line) => process.stderr.write(`${line}\n`));
    process.stdout.write(`${reportTable(reports)}\n`);
    const open = leftOpen(reports);
    if (open > 0) {
      process.stderr.write(`${open} cannot be repaired without you: npm run dead-letters -- list\n`);
      process.exitCode = 1;
    }
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
