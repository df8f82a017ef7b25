import { describe, expect, test } from 'vitest'

import { checkChangesets, parseChangeset, type ReleaseState } from '../src/changeset.ts'

describe('parse', () => {
  test('reads names, quoted or not, and the summary', () => {
    const text = `---\n'@proxy/a': minor\n"@proxy/b": patch\nplain: major\n---\n\nA line.\nMore.\n`
    expect(parseChangeset('x.md', text)).toEqual({
      file: 'x.md',
      packages: ['@proxy/a', '@proxy/b', 'plain'],
      summary: 'A line.\nMore.',
    })
  })

  test('an empty changeset names nothing', () => {
    expect(parseChangeset('x.md', '---\n---\nNo release.\n').packages).toEqual([])
  })

  test.for([
    ['no front matter', '# hello\n'],
    ['an unknown bump', "---\n'@proxy/a': huge\n---\nx\n"],
    ['an unclosed front matter', "---\n'@proxy/a': minor\n"],
  ])('%s is an error that names the file', ([, text]) => {
    expect(() => parseChangeset('x.md', text!)).toThrow(/^x\.md: /)
  })
})

describe('check', () => {
  const state: ReleaseState = {
    name: '@proxy/a',
    version: '1.0.0',
    tag: '@proxy/a@1.0.0',
    changed: ['packages/a/src/index.ts'],
    changelog: ['1.0.0'],
  }
  const named = { file: 'x.md', packages: ['@proxy/a'], summary: 'Does more.' }

  const cases: readonly [string, Partial<ReleaseState>, string[]][] = [
    ['released and unchanged passes', { changed: [] }, []],
    [
      'released and changed does not',
      {},
      ['@proxy/a: packages/a/src/index.ts changed since @proxy/a@1.0.0 and no changeset names it'],
    ],
    [
      'several changed files are counted',
      { changed: ['a.ts', 'b.ts', 'c.ts'] },
      ['@proxy/a: a.ts and 2 more changed since @proxy/a@1.0.0 and no changeset names it'],
    ],
    [
      'never released and unnamed does not pass',
      { tag: undefined, version: '0.0.0', changed: [], changelog: [] },
      ['@proxy/a: never released and no changeset names it'],
    ],
    [
      'the first version, written but not yet tagged, passes',
      { tag: undefined, version: '0.1.0', changed: [], changelog: ['0.1.0'] },
      [],
    ],
    [
      'the next version, written but not yet tagged, passes',
      { version: '1.1.0', changelog: ['1.1.0', '1.0.0'] },
      [],
    ],
  ]
  test.for(cases)('%s', ([, change, expected]) => {
    expect(checkChangesets([], [{ ...state, ...change }])).toEqual(expected)
  })

  test('what a changeset names passes', () => {
    expect(checkChangesets([named], [state])).toEqual([])
  })

  test('a changeset without words, or with a name that is not published, is a fault', () => {
    const faulty = { file: 'y.md', packages: ['@proxy/private'], summary: '' }
    expect(checkChangesets([named, faulty], [state])).toEqual([
      'y.md: says nothing below its front matter',
      'y.md: names @proxy/private, which is not a public package',
    ])
  })
})
