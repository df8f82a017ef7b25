import manifest from '../package.json' with { type: 'json' }

/** Version of the agent. */
export const VERSION: string = manifest.version
