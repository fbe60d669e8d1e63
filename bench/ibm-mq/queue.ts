/** The queue that everything goes through; no measurement begins before those of the last one are taken. */
export const QUEUE = 'BENCH';

export const MQSC = `DEFINE QLOCAL(${QUEUE}) MAXDEPTH(999999999)\n`;
