import js from '@eslint/js'
import vitest from '@vitest/eslint-plugin'
import jsdoc from 'eslint-plugin-jsdoc'
import tseslint from 'typescript-eslint'

/** Layers `types` and `core` decide and render; whatever touches the machine is handed to them. */
const PURE = ['cni-types', 'cni-skel', 'policy', 'iptables', 'envoy-config']
const IMPURE_MODULES = [
  'child_process',
  'fs',
  'fs/promises',
  'net',
  'http',
  'https',
  'tls',
  'dgram',
  'process',
]
  .flatMap((name) => [name, `node:${name}`])
  .map((name) => ({
    name,
    message:
      'types and core packages are pure: take an interface from the caller; netns, certs, envoy-runtime, agent-api and the apps touch the machine.',
  }))

export default tseslint.config(
  {
    ignores: ['**/dist/**', '**/out-tsc/**', '**/coverage/**', '**/.cache/**', '**/.nx/**'],
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
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'named exports only' },
        { selector: 'ExportAllDeclaration', message: 'list the exported names by hand' },
      ],
    },
  },
  {
    files: PURE.map((name) => `packages/${name}/src/**/*.ts`),
    rules: {
      'no-restricted-imports': ['error', { paths: IMPURE_MODULES }],
      'no-restricted-globals': [
        'error',
        {
          name: 'process',
          message: 'types and core packages are pure: take the value as a parameter',
        },
        {
          name: 'setTimeout',
          message: 'types and core packages have no clock: take it as a parameter',
        },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'take the time as a parameter' },
        { object: 'Math', property: 'random', message: 'take the randomness as a parameter' },
      ],
    },
  },
  {
    // Fakes for tests run in tests: they may do what the real thing does.
    files: ['packages/*/src/testing/**/*.ts'],
    rules: { 'no-restricted-imports': 'off', 'no-restricted-globals': 'off' },
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
