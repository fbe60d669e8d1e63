/** An object that does some things otherwise and all else as the real one. */
export const instead = <Real extends object>(real: Real, otherwise: Partial<Real>): Real =>
  new Proxy(real, {
    get(target, name) {
      if (name in otherwise) return otherwise[name as keyof Real];
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
