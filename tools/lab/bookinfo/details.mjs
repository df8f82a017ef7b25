import { serve } from './service.mjs'

serve('details', () => ({
  author: 'William Shakespeare',
  year: 1595,
  pages: 200,
  type: 'paperback',
}))
