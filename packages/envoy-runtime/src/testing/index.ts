export {
  fakeRuntime,
  type FakeRuntime,
  type FakeRuntimeOptions,
  type FakeVerb,
} from './fake-runtime.ts'
