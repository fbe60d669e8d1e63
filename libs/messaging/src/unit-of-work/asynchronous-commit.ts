/**
 * Common table expression for a statement that commits by itself and need not wait for the disk: what a crash of
 * PostgreSQL undoes is done again and does no harm. It has to be used by the statement, e.g. `USING asynchronous`.
 */
export const ASYNCHRONOUS_COMMIT = `asynchronous AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))`;
