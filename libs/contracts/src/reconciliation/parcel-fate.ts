import { z } from 'zod';

/**
 * What has become of the parcel of an order that does not exist: `none`: there is none, and no label that one could leave
 * on; `left`: it cannot be kept back.
 */
export const parcelFate = z.enum(['none', 'left']);
export type ParcelFate = z.infer<typeof parcelFate>;
