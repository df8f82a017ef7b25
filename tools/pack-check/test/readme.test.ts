import { describe, expect, test } from 'vitest'

import { firstExample, importsPackage, installedPackages } from '../src/readme.ts'

describe('first example', () => {
  test('is the first ts block, not one of another language', () => {
    const text =
      '# x\n```sh\nnpm i x\n```\n```ts\nconst a = 1\n\nfoo(a)\n```\n```ts\nsecond()\n```\n'
    expect(firstExample(text)).toBe('const a = 1\n\nfoo(a)\n')
  })

  test('may be empty', () => {
    expect(firstExample('```ts\n```')).toBe('')
  })

  test.for([
    ['no block', '# x'],
    ['an unclosed one', '```ts\nfoo()\n'],
    ['one named tsx', '```tsx\nfoo()\n```'],
  ])('is absent with %s', ([, text]) => {
    expect(firstExample(text!)).toBeUndefined()
  })
})

describe('imports package', () => {
  test.for([
    ["import { a } from '@proxy/x'", true],
    ['import { a } from "@proxy/x/testing"', true],
    ["import '@proxy/x'", true],
    ["await import('@proxy/x')", true],
    ["import {\n  a,\n} from '@proxy/x'", true],
    ["import { a } from '@proxy/xy'", false],
    ["import { a } from './dist/index.js'", false],
    ["console.log('@proxy/x')", false],
  ] as const)('%s: %s', ([code, expected]) => {
    expect(importsPackage(code, '@proxy/x')).toBe(expected)
  })
})

test.for([
  ['```sh\nnpm install @proxy/x\n```', ['@proxy/x']],
  ['```sh\nnpm install --save  @proxy/x @proxy/y\nnpm i z\n```', ['@proxy/x', '@proxy/y']],
  ['pnpm add @proxy/x\n', ['@proxy/x']],
  ['Run npm install @proxy/x\n', []],
] as const)('%j installs %j', ([text, expected]) => {
  expect(installedPackages(text)).toEqual(expected)
})
