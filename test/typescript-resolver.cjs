// Lets jest find `./x.ts` where TypeScript's ESM has us write `./x.js`.
module.exports = (request, options) => {
  if (request.startsWith('.') && request.endsWith('.js') && !options.basedir.includes('node_modules')) {
    try {
      return options.defaultResolver(request.replace(/\.js$/, '.ts'), options);
    } catch {
      // A real .js file.
    }
  }
  return options.defaultResolver(request, options);
};
