import { z } from 'zod';

/** Schemas by the name of their environment variable. Each carries a description for the error message. */
export type Environment = z.ZodRawShape;

/** Thrown for missing or wrong environment variables; the message is one line that names each and what it takes. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads and validates configuration from environment variables. An empty variable counts as missing.
 *
 * @throws ConfigError
 */
export function loadConfig<Shape extends Environment>(
  shape: Shape,
  variables: Readonly<Record<string, string | undefined>> = process.env,
): z.infer<z.ZodObject<Shape>> {
  const given = Object.fromEntries(
    Object.keys(shape).flatMap((name) => (variables[name] ? [[name, variables[name]]] : [])),
  );
  const result = z.object(shape).safeParse(given);
  if (result.success) return result.data;
  const complaints = result.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    const schema = shape[name] as z.ZodType | undefined;
    const meaning = schema?.description ? ` (${schema.description})` : '';
    return name in given ? `${name} is wrong: ${issue.message}${meaning}` : `${name} is missing${meaning}`;
  });
  throw new ConfigError(`Configuration: ${[...new Set(complaints)].join('; ')}.`);
}

/** An environment variable that is `true` or `false`. */
export const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
