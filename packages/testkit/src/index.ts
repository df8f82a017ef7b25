// Real binaries
export { testDependencies, type TestDependencies } from './test-dependencies.ts'

// The machine
export { createNetns, type TestNetns } from './netns-sandbox.ts'
export { connectNetns, type VethEnd } from './veth.ts'
export { createTempDir, type TempDir } from './temp-dir.ts'
export { run, spawnIn, type Finished, type RunOptions, type Spawned } from './run.ts'

// Waiting
export { eventually, type EventuallyOptions } from './eventually.ts'
