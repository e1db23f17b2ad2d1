import { ApiProperty } from '@nestjs/swagger';
import { ListedImageBody, ProductBody } from './image-body.dto.js';
import { RequestBody } from './request-body.dto.js';

/** A request with its first products. */
export class StatusBody extends RequestBody {
  /** The first 50 products, fewer when those have more than 500 images. Left out with `products=false`. */
  @ApiProperty({ type: [ProductBody] })
  products?: ProductBody[];
}

export class RequestPage {
  /** The newest first. */
  @ApiProperty({ type: [RequestBody] })
  data: RequestBody[];

  /** `cursor` of the next page; null on the last. */
  @ApiProperty({ type: String, nullable: true, example: null })
  next_cursor: string | null;
}

export class ImagePage {
  /** By position. */
  @ApiProperty({ type: [ListedImageBody] })
  data: ListedImageBody[];

  /** `cursor` of the next page; null on the last. */
  @ApiProperty({ type: String, nullable: true, example: 'OTk' })
  next_cursor: string | null;
}
