/**
 * How studies are made: {@link phiquant.pipeline.study.Studies} makes each once for all targets,
 * with the user's threads and progress, and keeps what was found for the next run.
 */
package phiquant.pipeline.study;
