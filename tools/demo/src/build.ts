import { run } from '@proxy/testkit'

/** Builds the apps that the demo runs; nx does nothing where nothing has changed. */
export async function buildApps(): Promise<void> {
  const projects = 'proxy-cni,proxy-agent,sidecarctl'
  const { exitCode, stdout, stderr } = await run([
    ...(['pnpm', 'exec', 'nx', 'run-many', '-t', 'build', '-p', projects] as const),
    '--output-style=static',
  ])
  if (exitCode !== 0) throw new Error(`the build failed:\n${stdout}${stderr}`)
}
