import { ApiParam } from '@nestjs/swagger';

/** The path parameter `request_id`, for the OpenAPI document. */
export const ApiRequestId = (): MethodDecorator & ClassDecorator =>
  ApiParam({ name: 'request_id', format: 'uuid', description: 'As the upload answered it' });
