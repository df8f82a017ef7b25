import { defineConfig } from 'tsup'
import { library } from '../../tsup.base.ts'

export default defineConfig({
  ...library,
  entry: {
    index: 'src/index.ts',
    testing: 'src/testing/index.ts',
    command: 'src/command/main.ts',
  },
})
