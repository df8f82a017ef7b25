import { run } from '@proxy/testkit'

/** Runs a program that has to succeed; returns its standard output. */
export async function must(...argv: readonly [string, ...string[]]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(argv)
  if (exitCode !== 0) throw new Error(`${argv.join(' ')} exited ${exitCode}: ${stderr}${stdout}`)
  return stdout
}
