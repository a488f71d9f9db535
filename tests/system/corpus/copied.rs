//! Copies of applications: what they have is what their originals have, byte for byte.

use slipway_protocol::application::ApplicationView;
use slipway_protocol::{Scope, api};

use super::settings::MOUNTED;
use super::shapes::Shape;

impl Shape<'_> {
    /// Its settings, variables and files, and nothing of the node's.
    pub async fn assert_copied(&self, copy: &ApplicationView) {
        let connection = &self.stage.connection;
        let mut wanted = self.stage.view(self.application).await.settings;
        wanted.container.keep_off_the_node();
        assert_eq!(copy.settings, wanted, "{}", self.name);
        for (number, text) in self.texts.iter().enumerate() {
            let revealed = connection.send(api::RevealVariable {
                scope: Scope::Application(copy.id),
                key: format!("T_{number}").parse().unwrap(),
            });
            let revealed = revealed.await.expect("its variable").value;
            assert_eq!(revealed.expose(), &Self::written(text), "{}", self.name);
        }
        let revealed = connection.send(api::RevealFile {
            application: copy.id,
            path: MOUNTED.parse().unwrap(),
        });
        let content = revealed.await.expect("its file").content;
        assert_eq!(
            content.expose(),
            self.texts.join("\n").as_bytes(),
            "{}",
            self.name
        );
    }
}
