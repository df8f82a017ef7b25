import { afterAll, beforeAll, beforeEach } from 'vitest'

import { type AgentProcess, createLab, type Lab, type LabOptions } from '@proxy/lab'

/** The node of one test file. */
export interface NodeUnderTest {
  readonly lab: Lab
  /** The agent that runs now, or the last one that did. */
  readonly agent: AgentProcess
  /** Starts another one, with the file's flags and these after them. */
  startAgent(flags?: readonly string[]): Promise<AgentProcess>
}

/** What a file's node is made of. */
export interface UseLabOptions extends Partial<LabOptions> {
  readonly name: string
  /** Flags of every agent. */
  readonly agentFlags?: readonly string[]
  /** Whether an agent runs when the tests begin. Default true. */
  readonly withAgent?: boolean
}

/**
 * Makes a node before the tests of a file and removes it after them, whatever they did. A test that
 * fails shows what the agent logged.
 */
export function useLab({ name, agentFlags = [], withAgent = true, ...options }: UseLabOptions): {
  readonly node: NodeUnderTest
} {
  let lab: Lab | undefined
  let agent: AgentProcess | undefined
  const node: NodeUnderTest = {
    get lab() {
      if (lab === undefined) throw new Error('the lab is there only while tests run')
      return lab
    },
    get agent() {
      if (agent === undefined) throw new Error('no agent was started')
      return agent
    },
    async startAgent(flags = []) {
      agent = await node.lab.startAgent([...agentFlags, ...flags])
      return agent
    },
  }
  beforeAll(async () => {
    lab = await createLab({ plugin: { selection: 'all' }, ...options, name: `pxt-e2e-${name}` })
    if (withAgent) await node.startAgent()
  })
  beforeEach(({ onTestFailed }) => {
    onTestFailed(async () => {
      console.error((await lab?.agentLog())?.split('\n').slice(-40).join('\n'))
    })
  })
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]()
  })
  return { node }
}
