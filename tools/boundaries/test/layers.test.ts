import { describe, expect, test } from 'vitest'

import { findViolations, type Project } from '../src/layers.ts'
import { readProjects } from '../src/workspace.ts'

const project = (
  name: string,
  layer: string | undefined,
  imports: readonly string[] = [],
  more: Partial<Project> & { dev?: boolean } = {},
): Project => ({
  name,
  layer,
  public: more.public ?? false,
  imports: imports.map((target) => ({ target, dev: more.dev ?? false })),
})

describe('a planted fault is found', () => {
  test.each([
    ['a lower layer importing a higher one', project('types', 'types', ['host']), 'lies below'],
    ['two of one layer', project('core2', 'core', ['core']), 'not on the list'],
    ['an app imported by an app', project('app2', 'app', ['app']), 'nothing imports apps'],
    ['a tool imported by a library', project('host2', 'host', ['tool']), 'nothing imports tools'],
    [
      'a public package needing a private one',
      project('pub', 'host', ['core'], { public: true }),
      'a private one',
    ],
    ['test support at run time', project('host3', 'host', ['kit']), 'devDependencies'],
    ['no layer tag', project('lost', undefined), 'no known layer tag'],
    ['an unknown layer tag', project('odd', 'middle'), 'no known layer tag'],
  ])('%s', (_, planted, message) => {
    const others = [
      project('core', 'core'),
      project('host', 'host'),
      project('app', 'app'),
      project('tool', 'tool'),
      project('kit', 'test'),
    ]
    expect(findViolations([...others, planted])).toEqual([expect.stringContaining(message)])
  })
})

test('the allowed edges are allowed', () => {
  const violations = findViolations([
    project('@proxy/iptables', 'core', [], { public: true }),
    project('@proxy/policy', 'core', ['@proxy/iptables']),
    project('kit', 'test'),
    project('app', 'app', ['@proxy/policy', 'kit'], { dev: true }),
    project('tool', 'tool', ['app', '@proxy/policy', 'kit']),
  ])
  expect(violations).toEqual([])
})

test('this workspace keeps its boundaries', () => {
  const projects = readProjects(new URL('../../..', import.meta.url).pathname)
  expect(projects.map(({ name }) => name)).toContain('@proxy/boundaries')
  expect(findViolations(projects)).toEqual([])
})
