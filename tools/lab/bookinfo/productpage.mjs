import { call, serve } from './service.mjs'

const { DETAILS_HOSTNAME: details, REVIEWS_HOSTNAME: reviews } = process.env

serve('productpage', async (path) => {
  if (path === '/health') return { status: 'healthy' }
  return {
    title: 'The Comedy of Errors',
    details: await call(details, '/details/0'),
    reviews: await call(reviews, '/reviews/0'),
  }
})
