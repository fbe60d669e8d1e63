/** What a class shows to others: a fake that implements it is checked against the real one by the compiler. */
export type Public<Class> = Pick<Class, keyof Class>;
