import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { parseNetConf } from '@proxy/cni-types'
import { annotationNames, parsePolicyConf } from '@proxy/policy'

import { isRunByPackCheck, RUN_BY } from '../src/commands.ts'
import { codeBlocks, type Document, documents, fileLinks, ROOT } from '../src/documents.ts'

const all = documents()
const shellLines = (document: Document): readonly string[] =>
  codeBlocks(document)
    .filter(({ language }) => ['sh', 'bash', 'shell'].includes(language))
    .flatMap(({ text }) => text.trim().split('\n'))

test('there are documents, and blocks in them are found', () => {
  expect(all.map(({ path }) => path)).toEqual(expect.arrayContaining(['README.md', 'SECURITY.md']))
  const text = 'a [link](x.md#y) `[no](z)`\n```sh\nls\n```\n[web](https://example.org)\n'
  expect(codeBlocks({ path: '', text })).toEqual([{ language: 'sh', text: 'ls\n' }])
  expect(fileLinks({ path: '', text })).toEqual(['x.md'])
})

test('links lead to files that exist', () => {
  const broken = all.flatMap((document) =>
    fileLinks(document)
      .filter((target) => !existsSync(join(ROOT, dirname(document.path), target)))
      .map((target) => `${document.path}: ${target}`),
  )
  expect(broken).toEqual([])
})

test('files that are named as code exist', () => {
  const broken = all.flatMap(({ path, text }) =>
    [...text.matchAll(/`((?:packages|apps|tools|docs|deploy)\/[\w./-]+)`/g)]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(ROOT, target)))
      .map((target) => `${path}: ${target}`),
  )
  expect(broken).toEqual([])
})

test('every shell command is run by a test', () => {
  const open = all
    .filter((document) => shellLines(document).length > 0 && RUN_BY[document.path] === undefined)
    .filter((document) => !isRunByPackCheck(document.path, shellLines(document)))
  expect(open.map(({ path }) => path)).toEqual([])
  const idle = Object.keys(RUN_BY).filter((path) => {
    const document = all.find((candidate) => candidate.path === path)
    return document === undefined || shellLines(document).length === 0
  })
  expect(idle).toEqual([])
})

/** The plugin's entry, alone or in a configuration list. */
function ourEntryIn(text: string): Record<string, unknown> {
  const value = JSON.parse(text) as Record<string, unknown>
  const plugins = (value['plugins'] ?? [value]) as Record<string, unknown>[]
  return plugins.find(({ type }) => type === 'proxy-cni') ?? {}
}

describe("the plugin's entry", () => {
  const fromDocs = all.flatMap((document) =>
    codeBlocks(document)
      .filter(({ language, text }) => language === 'json' && text.includes('"proxy-cni"'))
      .map(({ text }): [string, string] => [document.path, text]),
  )
  const deployed = 'deploy/node/proxy-cni.json'
  test.each<[string, string]>([
    ...fromDocs,
    [deployed, readFileSync(join(ROOT, deployed), 'utf8')],
  ])('in %s is accepted as it stands', (_, text) => {
    const entry = ourEntryIn(text)
    const conf = parseNetConf(JSON.stringify({ ...entry, cniVersion: '1.0.0', name: 'net' }))
    expect(conf.type).toBe('proxy-cni')
    expect(parsePolicyConf(entry)).toMatchObject({ excludeNamespaces: ['kube-system'] })
  })
})

test('annotations that documents name are known', () => {
  const known: readonly string[] = Object.values(annotationNames)
  const unknown = all.flatMap(({ path, text }) =>
    [...text.matchAll(/\b((?:sidecarctl\.dev|sidecar\.istio\.io)\/[A-Za-z-]+)/g)]
      .map(([, name = '']) => name)
      .filter((name) => !known.includes(name) && !known.includes(`traffic.${name}`))
      .map((name) => `${path}: ${name}`),
  )
  expect(unknown).toEqual([])
})
