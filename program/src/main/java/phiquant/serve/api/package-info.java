/**
 * OpenAI's API as JSON, apart from how it travels: {@code Asker} reads requests, {@code Shape} and
 * {@code Alternative} make answers, {@code ApiError} says why there is none. Source: OpenAI's API
 * reference.
 */
package phiquant.serve.api;
