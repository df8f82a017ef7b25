import { run } from '@proxy/testkit'

/** Builds what is measured; nx does nothing where nothing has changed. */
export async function buildApps(): Promise<void> {
  const { exitCode, stdout, stderr } = await run([
    ...(['pnpm', 'exec', 'nx', 'run-many', '-t', 'build'] as const),
    ...['-p', 'proxy-cni,proxy-agent'],
  ])
  if (exitCode !== 0) throw new Error(`the apps cannot be built:\n${stdout}${stderr}`)
}
