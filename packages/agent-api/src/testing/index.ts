export { type BrokenBehaviour, brokenAgent, brokenBehaviours } from './broken-agent.ts'
export {
  type FakeAgent,
  fakeAgent,
  type FakeAgentOptions,
  fakeSidecar,
  type RecordedRequest,
} from './fake-agent.ts'
