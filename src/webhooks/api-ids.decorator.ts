import { ApiParam } from '@nestjs/swagger';

/** The path parameter `webhook_id`, for the OpenAPI document. */
export const ApiWebhookId = (): MethodDecorator & ClassDecorator =>
  ApiParam({ name: 'webhook_id', description: 'As the registration answered it (`whk_…`)' });

/** The path parameter `delivery_id`, for the OpenAPI document. */
export const ApiDeliveryId = (): MethodDecorator & ClassDecorator =>
  ApiParam({ name: 'delivery_id', description: 'As the delivery log shows it (`dlv_…`)' });
