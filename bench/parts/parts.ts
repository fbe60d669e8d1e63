import { backbone } from './backbone.js';
import { backlogRecovery } from './backlog-recovery.js';
import { hotProduct } from './hot-product.js';
import { mixedOutcomes } from './mixed-outcomes.js';
import type { PartName } from '../options.js';
import type { Part } from './part.js';

export const PARTS: Readonly<Record<PartName, Part>> = {
  backbone,
  mixed: mixedOutcomes,
  'hot-product': hotProduct,
  recovery: backlogRecovery,
};
