/**
 * Message selectors: the SQL92 conditions of MQOD's SelectionString, as JMS has them too. Logic has three
 * values; `undefined` is SQL's unknown, and a property that a message does not have is NULL.
 */

/** What a property or an expression is worth; undefined stands for NULL and unknown. */
export type Value = string | number | boolean | undefined;
export type Lookup = (name: string) => Value;
type Expression = (lookup: Lookup) => Value;

/** A selection string that is no condition. */
export class SelectorSyntaxError extends Error {}

/**
 * @returns whether a message with these properties is selected
 * @throws SelectorSyntaxError
 */
export function parseSelector(text: string): (lookup: Lookup) => boolean {
  const condition = new Parser(tokenize(text)).parse();
  return (lookup) => condition(lookup) === true;
}

interface Token {
  kind: 'word' | 'number' | 'string' | 'symbol';
  /** Symbols and keywords in upper case. */
  text: string;
  /** A word as it was written, a string without its quotes. */
  value: string;
}

const TOKEN =
  /\s*(?:(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?<word>[A-Za-z_$][\w$.]*)|(?<string>'(?:[^']|'')*')|(?<symbol><>|<=|>=|[=<>()+\-*/,]))/y;

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const source = text.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(source)?.groups;
    if (!groups) throw new SelectorSyntaxError(`unexpected ${source.slice(at, at + 10)}`);
    const { number, word, string, symbol } = groups;
    if (number !== undefined) tokens.push({ kind: 'number', text: number, value: number });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word.toUpperCase(), value: word });
    else if (string !== undefined) {
      tokens.push({ kind: 'string', text: string, value: string.slice(1, -1).replaceAll("''", "'") });
    } else tokens.push({ kind: 'symbol', text: symbol!, value: symbol! });
  }
  return tokens;
}

const keywords = new Set([
  'AND',
  'OR',
  'NOT',
  'BETWEEN',
  'IN',
  'LIKE',
  'IS',
  'NULL',
  'ESCAPE',
  'TRUE',
  'FALSE',
]);
const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

class Parser {
  private position = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  parse(): Expression {
    const expression = this.disjunction();
    if (this.position < this.tokens.length) throw this.unexpected();
    return expression;
  }

  private unexpected(): SelectorSyntaxError {
    return new SelectorSyntaxError(`unexpected ${this.tokens[this.position]?.text ?? 'end'}`);
  }

  private accepts(...texts: string[]): string | undefined {
    const token = this.tokens[this.position];
    if (!token || token.kind === 'string' || token.kind === 'number' || !texts.includes(token.text))
      return undefined;
    this.position++;
    return token.text;
  }

  private expect(text: string): void {
    if (!this.accepts(text)) throw this.unexpected();
  }

  private take(kind: Token['kind']): string {
    const token = this.tokens[this.position];
    if (token?.kind !== kind) throw this.unexpected();
    this.position++;
    return token.value;
  }

  private disjunction(): Expression {
    const left = this.conjunction();
    if (!this.accepts('OR')) return left;
    const right = this.disjunction();
    return (lookup) => {
      const [a, b] = [left(lookup), right(lookup)];
      return a === true || b === true ? true : a === false && b === false ? false : undefined;
    };
  }

  private conjunction(): Expression {
    const left = this.negation();
    if (!this.accepts('AND')) return left;
    const right = this.conjunction();
    return (lookup) => {
      const [a, b] = [left(lookup), right(lookup)];
      return a === false || b === false ? false : a === true && b === true ? true : undefined;
    };
  }

  private negation(): Expression {
    return this.accepts('NOT') ? not(this.negation()) : this.predicate();
  }

  private predicate(): Expression {
    const left = this.sum();
    const comparison = this.accepts(...Object.keys(comparisons));
    if (comparison) return compare(comparison, left, this.sum());
    if (this.accepts('IS')) {
      const negated = this.accepts('NOT') !== undefined;
      this.expect('NULL');
      return (lookup) => (left(lookup) === undefined) !== negated;
    }
    const negated = this.accepts('NOT') !== undefined;
    const test = this.rangeOrListOrPattern(left);
    if (test) return negated ? not(test) : test;
    if (negated) throw this.unexpected();
    return left;
  }

  private rangeOrListOrPattern(left: Expression): Expression | undefined {
    if (this.accepts('BETWEEN')) {
      const low = this.sum();
      this.expect('AND');
      const high = this.sum();
      const [above, below] = [compare('>=', left, low), compare('<=', left, high)];
      return (lookup) => {
        const [a, b] = [above(lookup), below(lookup)];
        return a === undefined || b === undefined ? undefined : a === true && b === true;
      };
    }
    if (this.accepts('IN')) return this.list(left);
    return this.accepts('LIKE') ? this.pattern(left) : undefined;
  }

  private list(left: Expression): Expression {
    const members: string[] = [];
    this.expect('(');
    do members.push(this.take('string'));
    while (this.accepts(','));
    this.expect(')');
    return (lookup) => {
      const value = left(lookup);
      return typeof value === 'string' ? members.includes(value) : undefined;
    };
  }

  /** `%` stands for any characters, `_` for one; after the escape character they stand for themselves. */
  private pattern(left: Expression): Expression {
    const pattern = this.take('string');
    const escape = this.accepts('ESCAPE') ? this.take('string') : undefined;
    let source = '';
    for (let i = 0; i < pattern.length; i++) {
      const character = pattern[i]!;
      if (character === escape) source += literal(pattern[++i] ?? '');
      else source += character === '%' ? '.*' : character === '_' ? '.' : literal(character);
    }
    const expression = new RegExp(`^${source}$`, 's');
    return (lookup) => {
      const value = left(lookup);
      return typeof value === 'string' ? expression.test(value) : undefined;
    };
  }

  private sum(): Expression {
    let left = this.product();
    for (let operator = this.accepts('+', '-'); operator; operator = this.accepts('+', '-')) {
      left = arithmetic(operator, left, this.product());
    }
    return left;
  }

  private product(): Expression {
    let left = this.operand();
    for (let operator = this.accepts('*', '/'); operator; operator = this.accepts('*', '/')) {
      left = arithmetic(operator, left, this.operand());
    }
    return left;
  }

  private operand(): Expression {
    if (this.accepts('+')) return this.operand();
    if (this.accepts('-')) return arithmetic('-', () => 0, this.operand());
    if (this.accepts('(')) {
      const inner = this.disjunction();
      this.expect(')');
      return inner;
    }
    const token = this.tokens[this.position];
    if (!token || token.kind === 'symbol') throw this.unexpected();
    this.position++;
    if (token.kind === 'number') return () => Number(token.value);
    if (token.kind === 'string') return () => token.value;
    if (token.text === 'TRUE' || token.text === 'FALSE') return () => token.text === 'TRUE';
    if (keywords.has(token.text)) throw this.unexpected();
    // The folder usr is the one that is meant without a folder.
    const name = token.value.replace(/^usr\./, '');
    return (lookup) => lookup(name);
  }
}

function literal(character: string): string {
  return character.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function not(expression: Expression): Expression {
  return (lookup) => {
    const value = expression(lookup);
    return typeof value === 'boolean' ? !value : undefined;
  };
}

/** Values of different types are neither equal nor unequal. */
function compare(operator: string, left: Expression, right: Expression): Expression {
  return (lookup) => {
    const [a, b] = [left(lookup), right(lookup)];
    if (a === undefined || b === undefined || typeof a !== typeof b) return undefined;
    if (typeof a !== 'number' && operator !== '=' && operator !== '<>') return undefined;
    return comparisons[operator]!(a === b ? 0 : a < b ? -1 : 1);
  };
}

function arithmetic(operator: string, left: Expression, right: Expression): Expression {
  return (lookup) => {
    const [a, b] = [left(lookup), right(lookup)];
    if (typeof a !== 'number' || typeof b !== 'number') return undefined;
    if (operator === '+') return a + b;
    if (operator === '-') return a - b;
    return operator === '*' ? a * b : a / b;
  };
}
