import { ProblemException } from '@orderbridge/service';

/** The answer to a request for an order that there is not. */
export const unknownOrder = (orderId: string): ProblemException =>
  new ProblemException({ status: 404, title: 'No such order', detail: `There is no order ${orderId}.` });
