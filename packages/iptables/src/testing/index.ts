export { recordingRunner, type RecordedCommand, type RecordingRunner } from './recording-runner.ts'
export { scriptedTransport, type ScriptedTransport } from './scripted-transport.ts'
