import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Lines of /proc/net/tcp: the number, the local address as `0100007F:1F90`, the remote one …, the inode is the tenth. */
const INODE = 9;

/** Local ports of the TCP sockets of a process; none of one that has ended. */
export function portsOf(pid: number): Set<number> {
  const inodes = new Set(
    descriptorsOf(pid).flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []),
  );
  const ports = new Set<number>();
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const port = fields[1]?.split(':')[1];
    if (port !== undefined && inodes.has(fields[INODE] ?? '')) ports.add(Number.parseInt(port, 16));
  }
  return ports;
}

function descriptorsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).map((name) => {
      try {
        return readlinkSync(`${folder}/${name}`);
      } catch {
        // Closed meanwhile.
        return '';
      }
    });
  } catch {
    return [];
  }
}
