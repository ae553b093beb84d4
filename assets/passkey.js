// The only script: browsers offer passkeys to scripts alone. It has the browser do what the form asks, puts
// the answer into the form, and sends it.
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function answer(form) {
  const options = JSON.parse(form.dataset.options).publicKey;
  options.challenge = bytes(options.challenge);
  const listed = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
  let credential, response;
  if (form.dataset.passkey === "new") {
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = listed(options.excludeCredentials);
    credential = await navigator.credentials.create({ publicKey: options });
    response = {
      attestationObject: text(credential.response.attestationObject),
      clientDataJSON: text(credential.response.clientDataJSON),
      transports: credential.response.getTransports ? credential.response.getTransports() : [],
    };
  } else {
    options.allowCredentials = listed(options.allowCredentials);
    credential = await navigator.credentials.get({ publicKey: options });
    const user = credential.response.userHandle;
    response = {
      authenticatorData: text(credential.response.authenticatorData),
      clientDataJSON: text(credential.response.clientDataJSON),
      signature: text(credential.response.signature),
      userHandle: user ? text(user) : null,
    };
  }
  form.elements.credential.value = JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response,
    extensions: credential.getClientExtensionResults(),
  });
  form.submit();
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    answer(form).catch(() => {
      document.getElementById("passkey-failed").hidden = false;
    });
  });
}
