import { defineConfig } from 'tsup'

import { app } from '../../tsup.base.ts'
import { copyNativePackages } from './tools/native-packages.ts'

export default defineConfig({
  ...app,
  // The namespace helper is a process of its own, so a file of its own.
  entry: { main: 'src/main.ts', helper: 'src/netns-helper.ts' },
  // Native addons are not bundled; they are put beside the bundle.
  external: [/^koffi/, /^netlink/],
  noExternal: [/^(?!koffi|netlink)/],
  onSuccess: () => {
    copyNativePackages(import.meta.dirname)
    return Promise.resolve()
  },
})
