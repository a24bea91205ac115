/**
 * Artifacts that are sent to the hub. {@link phiquant.hub.push.Push} makes the commit, {@link
 * phiquant.hub.push.LargeUpload} brings what is too large to be part of one.
 */
package phiquant.hub.push;
