import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import js from '@eslint/js'
import vitest from '@vitest/eslint-plugin'
import jsdoc from 'eslint-plugin-jsdoc'
import tseslint from 'typescript-eslint'

/** Layers `types` and `core` decide and render; whatever touches the machine is handed to them. */
const PURE = globSync('packages/*/package.json', { cwd: import.meta.dirname })
  .filter((file) =>
    /"layer:(?:types|core)"/.test(readFileSync(join(import.meta.dirname, file), 'utf8')),
  )
  .map((file) => dirname(file))
const PURE_MESSAGE =
  'types and core packages are pure: take an interface from the caller; netns, certs, envoy-runtime, agent-api and the apps touch the machine.'
const IMPURE_MODULES = [
  'child_process',
  'cluster',
  'dgram',
  'dns',
  'dns/promises',
  'fs',
  'fs/promises',
  'http',
  'http2',
  'https',
  'inspector',
  'module',
  'net',
  'os',
  'perf_hooks',
  'process',
  'readline',
  'readline/promises',
  'timers',
  'timers/promises',
  'tls',
  'tty',
  'vm',
  'worker_threads',
]
  .flatMap((name) => [name, `node:${name}`])
  .map((name) => ({ name, message: PURE_MESSAGE }))
const IMPURE_GLOBALS = [
  'EventSource',
  'WebSocket',
  'crypto',
  'fetch',
  'performance',
  'process',
  'setImmediate',
  'setInterval',
  'setTimeout',
].map((name) => ({
  name,
  message:
    'types and core packages are pure: take the value, the time or the effect as a parameter',
}))

const EXPORTS_BY_NAME = [
  { selector: 'ExportDefaultDeclaration', message: 'named exports only' },
  { selector: 'ExportAllDeclaration', message: 'list the exported names by hand' },
]

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/out-tsc/**',
      '**/out-test/**',
      '**/coverage/**',
      '**/.cache/**',
      '**/.nx/**',
    ],
  },
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { jsdoc },
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Numbers and booleans are what most messages hold.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // Interfaces whose methods have no return value are handed arrow functions.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'jsdoc/informative-docs': 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      complexity: ['error', 20],
      'max-depth': ['error', 4],
      'no-restricted-syntax': ['error', ...EXPORTS_BY_NAME],
    },
  },
  {
    files: PURE.map((folder) => `${folder}/src/**/*.ts`),
    rules: {
      'no-restricted-imports': ['error', { paths: IMPURE_MODULES }],
      // What `globalThis` holds is as impure as the bare name.
      'no-restricted-globals': ['error', { globals: IMPURE_GLOBALS, checkGlobalObject: true }],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'take the time as a parameter' },
        { object: 'Math', property: 'random', message: 'take the randomness as a parameter' },
        { object: 'AbortSignal', property: 'timeout', message: 'take a signal as a parameter' },
      ],
      'no-restricted-syntax': [
        'error',
        ...EXPORTS_BY_NAME,
        // The rule on imports sees static ones only.
        { selector: 'ImportExpression', message: PURE_MESSAGE },
        {
          selector:
            ':matches(NewExpression[arguments.length=0], CallExpression)[callee.name="Date"]',
          message: 'take the time as a parameter',
        },
      ],
    },
  },
  {
    // Fakes for tests run in tests, and commands are processes of their own: they may do what the
    // real thing does. The library never imports them.
    files: ['packages/*/src/testing/**/*.ts', 'packages/iptables/src/command/**/*.ts'],
    rules: {
      'no-restricted-imports': 'off',
      'no-restricted-globals': 'off',
      'no-restricted-syntax': ['error', ...EXPORTS_BY_NAME],
    },
  },
  {
    files: ['tools/**', 'packages/*/bench/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.config.ts', '*.base.ts'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: {
      'no-restricted-syntax': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
    },
  },
  {
    files: ['**/test/**/*.ts', 'tools/e2e/**/*.ts'],
    plugins: { vitest },
    rules: {
      ...vitest.configs.recommended.rules,
      'vitest/expect-expect': [
        'error',
        { assertFunctionNames: ['expect', 'expect*', 'fc.assert'] },
      ],
      // The second argument says what was being done, which a bare value does not.
      'vitest/valid-expect': ['error', { maxArgs: 2 }],
      // A test that does not run looks like one that passed; recommended is only a warning.
      'vitest/no-disabled-tests': 'error',
      // Test tables hold odd values on purpose.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
      },
    },
  },
)
