import { Module } from '@nestjs/common';
import { FilesController } from './files.controller.js';

/** Serves the objects of local storage. For an API process; a worker only writes them. */
@Module({ controllers: [FilesController] })
export class FilesModule {}
