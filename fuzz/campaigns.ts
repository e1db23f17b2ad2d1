import { addresses } from './addresses.campaign.js';
import type { Campaign } from './campaign.js';
import { csv } from './csv.campaign.js';
import { images } from './images.campaign.js';

export const CAMPAIGNS: Campaign[] = [images, csv, addresses];
