/**
 * Models by their names on Hugging Face's hub. {@link phiquant.hub.HubName} is a name, {@link
 * phiquant.hub.HubModel} the files that it has at a commit, {@link phiquant.hub.HubCacheFolder} the
 * cache that all tools share; {@link phiquant.hub.Feed} brings weights in their order, checked,
 * through a window of bounded memory. How the hub is asked is in the room {@code transport}, what
 * is sent to it in {@code push}.
 */
package phiquant.hub;
