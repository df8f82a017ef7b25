import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the clone. */
export const ROOT: string = fileURLToPath(new URL('../../..', import.meta.url))

/** A Markdown file of the repository. */
export interface Document {
  /** Path from the root. */
  readonly path: string
  readonly text: string
}

/** A fenced block of code. */
export interface CodeBlock {
  /** What stands behind the fence. */
  readonly language: string
  readonly text: string
}

/** Every document that git knows, without changelogs, notes of changes and golden files. */
export function documents(): readonly Document[] {
  const options = { cwd: ROOT, encoding: 'utf8' } as const
  return execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'],
    options,
  )
    .split('\n')
    .filter((path) => path !== '' && !/CHANGELOG\.md$|^\.changeset\/|\.api\.md$|golden/.test(path))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}

/** The fenced blocks of a document, in order. */
export function codeBlocks({ text }: Document): readonly CodeBlock[] {
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', body = '']) => ({
    language,
    text: body,
  }))
}

/** Targets of links to files of the repository, without fragments. */
export function fileLinks({ text }: Document): readonly string[] {
  const prose = text.replaceAll(/^```.*?^```$/gms, '').replaceAll(/`[^`\n]*`/g, 'code')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target.split('#')[0] ?? '')
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
}
