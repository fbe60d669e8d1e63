/** Names for orders, in the order of their appearance: ids differ from process to process, names do not. */
export class Names {
  readonly #numbers = new Map<string, number>();

  number(id: string): number {
    let number = this.#numbers.get(id);
    if (number === undefined) this.#numbers.set(id, (number = this.#numbers.size + 1));
    return number;
  }

  of(id: string): string {
    return `#${this.number(id)}`;
  }
}
