import { Controller, Get, Redirect } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Access } from './access/access.decorator.js';

/** Whoever opens the service in a browser finds the documentation. */
@ApiExcludeController()
@Access('public')
@Controller()
export class HomeController {
  @Get()
  @Redirect('/docs', 302)
  home(): void {}
}
