import type { z } from 'zod';
import { ProblemException, type ProblemDetail } from './problem.js';

type Issue = z.core.$ZodIssue;

/** Turns the issues of a schema into a 400 that says of each field what is wrong with it. */
export function validationProblem(issues: readonly unknown[]): ProblemException {
  return new ProblemException({
    status: 400,
    title: 'Invalid request',
    detail: 'The request does not fit its schema; errors says what to change. Nothing was stored.',
    errors: problemDetails(issues),
  });
}

/** What a schema's issues say of each field, with pointers below `parents`; the first 50. */
export const problemDetails = (
  issues: readonly unknown[],
  parents: readonly PropertyKey[] = [],
): ProblemDetail[] => (issues as readonly Issue[]).flatMap((issue) => details(issue, parents)).slice(0, 50);

function details(issue: Issue, parents: readonly PropertyKey[]): ProblemDetail[] {
  const path = [...parents, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return closestBranch(issue.errors).flatMap((inner) => details(inner, path));
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: pointer([...path, key]), detail: 'Unknown field' }));
  }
  if (issue.code === 'invalid_key') {
    return [{ pointer: pointer(path), detail: `Invalid key: ${issue.issues[0]?.message ?? issue.message}` }];
  }
  return [{ pointer: pointer(path), detail: issue.message }];
}

/** Of the alternatives of a union, the one that the value came closest to: whose complaints lie deepest. */
function closestBranch(branches: readonly Issue[][]): Issue[] {
  const depth = (branch: readonly Issue[]): number => Math.max(...branch.map((issue) => issue.path.length));
  return branches.reduce((best, branch) => (depth(branch) > depth(best) ? branch : best));
}

/** RFC 6901. */
export const pointer = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
