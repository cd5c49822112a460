/* global SwaggerUIBundle */

/** The reference, from the line's own description of its API. */
SwaggerUIBundle({
  url: "v1/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  // A key stays in this page, and goes when it is closed.
  persistAuthorization: false,
  validatorUrl: null,
});
