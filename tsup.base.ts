import { type Options } from 'tsup'

/** How a published library is built: ESM only, one bundled `.d.ts` per entry. */
export const library: Options = {
  format: ['esm'],
  target: 'node22',
  platform: 'node',
  dts: true,
  sourcemap: true,
  clean: true,
}

/** How an app is built: one file with everything in it but native addons, which `external` names. */
export const app: Options = {
  format: ['esm'],
  target: 'node22',
  platform: 'node',
  entry: ['src/main.ts'],
  sourcemap: true,
  clean: true,
  noExternal: [/.*/],
  // CommonJS dependencies inside an ESM bundle still call `require` for Node's own modules.
  banner: {
    js: "#!/usr/bin/env node\nimport { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  esbuildOptions(options) {
    options.conditions = ['@proxy/source']
  },
}
