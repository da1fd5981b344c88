"""From a decided row to a receipt: claim, send, settle. The only room that calls connectors."""
