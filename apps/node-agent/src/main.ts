import { CommanderError } from 'commander'

import { runAgent, StartError } from './agent.ts'
import { ConfigError, loadConfig } from './config/load.ts'
import { createLog } from './node/log.ts'

/** Exit codes: 2 for a configuration that cannot be used, as shells do; 1 for everything else. */
try {
  const config = loadConfig(process.argv.slice(2), process.env)
  const log = createLog(config.logLevel)
  const stop = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      log.info('agent stops', { signal: name })
      stop.abort()
    })
  }
  await runAgent(config, log, stop.signal)
} catch (error) {
  if (error instanceof ConfigError || error instanceof StartError) {
    process.stderr.write(`error: ${error.message}\n`)
    process.exitCode = 2
  } else if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2
  } else {
    throw error
  }
}
