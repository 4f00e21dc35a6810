import { actOf } from '@shared/act';
import { errorText } from './api';

export const useAct = actOf(errorText);
export type { Act } from '@shared/act';
